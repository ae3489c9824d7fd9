"""What `make run`, the tests and the benchmarks share: private data services, certificates, processes."""
