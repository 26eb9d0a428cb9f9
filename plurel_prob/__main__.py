"""``python -m plurel_prob``: the command line."""

from plurel_prob.cli import main

if __name__ == "__main__":
    main()
