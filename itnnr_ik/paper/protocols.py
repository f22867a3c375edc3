"""What is compared, and which of a target's anchors count."""

#: The methods and what tables and figures call them.
METHOD_NAMES = {
    "knn": "lookup (kNN)",
    "nn": "inverse network (NN)",
    "itnnr": "ITNNR as published",
    "ours": "ours",
}
#: The rank of the first anchor that a protocol uses. The published results leave out the nearest one, as if
#: the target itself were among the anchors.
PROTOCOLS = {"published": 1, "corrected": 0}
#: Anchors of a target.
K = 5
#: Anchors ranked 0 to 5 serve both protocols.
N_RANKS = K + max(PROTOCOLS.values())
