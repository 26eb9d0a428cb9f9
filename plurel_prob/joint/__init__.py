"""The joint model for users of NumPyro: at the sizes of a database or a prior, with a table of its sites and places of cells."""

from plurel_prob.joint.model import JointModel, joint_model

__all__ = ["JointModel", "joint_model"]
