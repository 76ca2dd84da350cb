"""The caged child process in which files from strangers are decoded. Nothing here runs in the service itself."""
