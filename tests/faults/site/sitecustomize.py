"""Installs the faults of `inject` in a worker, which starts as a new interpreter."""

import os
import sys

if os.environ.get("PIPELINE_TEST_FOLDER"):
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from inject import install  # type: ignore[import-not-found]

    install(os.environ["PIPELINE_TEST_FOLDER"])
