"""``python -m itnnr_ik.cli``, the same as ``itnnr-ik``."""

import sys

from itnnr_ik.cli import main

if __name__ == "__main__":
    sys.exit(main())
