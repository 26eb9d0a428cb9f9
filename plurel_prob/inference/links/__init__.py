"""Inference for one foreign key: uniform, popularity, blocks, or both?"""

from plurel_prob.inference.links.infer import MODELS, LinkInference, infer_links
from plurel_prob.inference.links.log_prob import links_log_prob, uniform_log_prob

__all__ = ["MODELS", "LinkInference", "infer_links", "links_log_prob", "uniform_log_prob"]
