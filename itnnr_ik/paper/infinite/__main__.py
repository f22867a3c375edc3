"""``python -m itnnr_ik.paper.infinite``."""

import argparse

from itnnr_ik.paper.infinite import add_arguments, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m itnnr_ik.paper.infinite",
        description="The anchor chooses among infinitely many solutions (section 4.6).",
    )
    add_arguments(parser)
    raise SystemExit(run(parser.parse_args()))
