"""What tests of several rooms, and the benchmarks, share."""
