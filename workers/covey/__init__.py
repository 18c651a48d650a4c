"""Covey: an open network for training models together without trusting an operator."""
