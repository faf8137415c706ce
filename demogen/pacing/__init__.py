"""When each arrival is due. Pure: no clock, no dice, no network; iterators and arithmetic only."""
