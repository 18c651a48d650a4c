"""What the verbs do. Everything here may import what takes long."""
