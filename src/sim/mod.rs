//! The embedded world: a small Kubernetes in process, an independent witness for the tests and the demo.
