# SPDX-License-Identifier: Apache-2.0
# The kernels one by one, for tests and benchmarks. Included by _core.pyx.


cdef float **_row_pointers(float[:, ::1] matrix, const int32_t[::1] rows, str name) except NULL:
    cdef Py_ssize_t i, n = rows.shape[0]
    if n == 0:
        raise ValueError(f"{name} must name at least one row")
    for i in range(n):
        if not 0 <= rows[i] < matrix.shape[0]:
            raise IndexError(f"{name}[{i}] = {rows[i]} is outside the {matrix.shape[0]} rows")
    cdef float **pointers = <float **>malloc(<size_t>n * sizeof(float *))
    if not pointers:
        raise MemoryError()
    for i in range(n):
        pointers[i] = &matrix[rows[i], 0]
    return pointers


def block_floats(int n_inputs, int n_targets) -> int:
    """Room, in floats, of each (n_inputs, n_targets) array of a block step."""
    return fw_block_floats(n_inputs, n_targets)


def block_scratch(int n_inputs, int n_targets, Py_ssize_t stride) -> int:
    """Floats of a block step's scratch."""
    return fw_block_scratch(n_inputs, n_targets, <size_t>stride)


def block_step(str isa, float[:, ::1] inputs, float[:, ::1] targets, const int32_t[::1] input_rows,
               const int32_t[::1] target_rows, const float[::1] labels, const float[::1] weights,
               float learning_rate, float[::1] logits, float[::1] residuals, float[::1] scratch,
               float[:, ::1] gradients=None, int repeat=1) -> None:
    """Run fw_block_step on rows of two matrices; `gradients`, (n_inputs, stride), takes D if given."""
    cdef fw_block block
    cdef float **input_pointers = NULL
    cdef float **target_pointers = NULL
    cdef float **gradient_pointers = NULL
    cdef fw_status status = FW_OK
    cdef fw_isa chosen = _parse_isa(isa)
    cdef Py_ssize_t n = input_rows.shape[0], m = target_rows.shape[0], i
    cdef Py_ssize_t floats = fw_block_floats(<int32_t>n, <int32_t>m)
    if inputs.shape[1] != targets.shape[1]:
        raise ValueError(f"rows of {inputs.shape[1]} and of {targets.shape[1]} floats do not match")
    for name, buffer in (("labels", labels), ("weights", weights), ("logits", logits),
                         ("residuals", residuals)):
        if buffer.shape[0] < floats:
            raise ValueError(f"{name} must have room for {floats} floats, has {buffer.shape[0]}")
    floats = fw_block_scratch(<int32_t>n, <int32_t>m, <size_t>inputs.shape[1])
    if scratch.shape[0] < floats:
        raise ValueError(f"scratch must have room for {floats} floats, has {scratch.shape[0]}")
    if gradients is not None and (gradients.shape[0] < n or gradients.shape[1] != inputs.shape[1]):
        raise ValueError(f"gradients must have {n} rows of {inputs.shape[1]} floats")
    block.n_inputs, block.n_targets = <int32_t>n, <int32_t>m
    block.stride, block.learning_rate = <size_t>inputs.shape[1], learning_rate
    block.labels, block.weights = &labels[0], &weights[0]
    block.logits, block.residuals, block.scratch = &logits[0], &residuals[0], &scratch[0]
    try:
        input_pointers = _row_pointers(inputs, input_rows, "input_rows")
        target_pointers = _row_pointers(targets, target_rows, "target_rows")
        if gradients is not None:
            gradient_pointers = _row_pointers(gradients, np.arange(n, dtype=np.int32), "gradients")
        block.inputs, block.targets = input_pointers, target_pointers
        block.gradients = gradient_pointers
        with nogil:
            for i in range(repeat):
                status = fw_block_step(chosen, &block)
        raise_status(status)
    finally:
        free(input_pointers)
        free(target_pointers)
        free(gradient_pointers)


def combine_rows(str isa, float[:, ::1] to, const int32_t[::1] to_rows, float[:, ::1] source,
                 const int32_t[::1] source_rows, const float[::1] coefficients,
                 bint accumulate) -> None:
    """Run fw_combine_rows; `coefficients` is (n_to, n_source), flat."""
    cdef float **to_pointers = NULL
    cdef float **source_pointers = NULL
    cdef fw_isa chosen = _parse_isa(isa)
    cdef fw_status status
    if to.shape[1] != source.shape[1]:
        raise ValueError(f"rows of {to.shape[1]} and of {source.shape[1]} floats do not match")
    if coefficients.shape[0] != to_rows.shape[0] * source_rows.shape[0]:
        raise ValueError(
            f"coefficients must have {to_rows.shape[0]} x {source_rows.shape[0]} elements, "
            f"has {coefficients.shape[0]}"
        )
    try:
        to_pointers = _row_pointers(to, to_rows, "to_rows")
        source_pointers = _row_pointers(source, source_rows, "source_rows")
        with nogil:
            status = fw_combine_rows(chosen, <size_t>to.shape[1], to_pointers,
                                     <int32_t>to_rows.shape[0], <const float **>source_pointers,
                                     <int32_t>source_rows.shape[0], &coefficients[0], accumulate)
        raise_status(status)
    finally:
        free(to_pointers)
        free(source_pointers)
