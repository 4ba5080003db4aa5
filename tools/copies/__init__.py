"""The two copies of every output, in the workspace and in DVC's cache: found damaged, each is mended by the other."""
