"""``python -m cardscope`` is the command ``cardscope``."""

from cardscope.cli.main import run

if __name__ == "__main__":
    run()
