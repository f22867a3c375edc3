"""The methods that are compared, and the protocols: which of a target's anchors are used."""

#: The methods and their names in tables and figures.
METHOD_NAMES = {
    "knn": "lookup (kNN)",
    "nn": "inverse network (NN)",
    "itnnr": "ITNNR as published",
    "ours": "ours",
}
#: Rank of the first anchor that a protocol uses. The published results leave out the nearest one, as if the
#: target itself were among the anchors.
PROTOCOLS = {"published": 1, "corrected": 0}
K = 5  # anchors of a target
#: Number of ranks, 0 to 5, that both protocols need together.
N_RANKS = K + max(PROTOCOLS.values())
