"""Tasks of the Alliance: a second reading of docs/alliance.md, under the same rules as the rest of the verifier."""
