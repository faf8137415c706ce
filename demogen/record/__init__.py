"""What was seen: the journal, histograms, the measurement, the run folder. Remembers; never judges."""
