"""The benchmarks, one module a subject; each offers ``run(options) -> list of results``."""
