"""`python -m benchmarks`: one thread, one core, set before NumPy and its friends are loaded."""

import os
import sys

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}

if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    os.environ.pop("CHAINRULE_ENGINE", None)  # which may forbid what is measured here
    from .run import main

    sys.exit(main())
