"""A learner of rows: labelled rows are the context in which a network predicts others, in one pass and without gradients."""
