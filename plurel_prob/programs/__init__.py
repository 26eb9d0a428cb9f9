"""The compiled programs: one that draws structures of a prior, one that draws values for a size bucket, and their densities.

A structure is all that does not have the size of a database's rows. It is drawn on a processor and brought to the host, so that
the bucket that holds the values is known. Both programs take what is given; that of values takes the blocks that are wanted, and
an intervention, too. Whatever draws a database, or a part of one, runs these.
"""
