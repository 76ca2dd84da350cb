"""What tests of several packages, and the benchmarks, share."""
