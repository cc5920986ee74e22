"""The benchmarks of Drover: it and its peers, alternately, in one run."""
