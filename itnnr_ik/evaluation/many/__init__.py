"""Many recordings evaluated alike: one after the other, in several processes, or on a cluster."""
