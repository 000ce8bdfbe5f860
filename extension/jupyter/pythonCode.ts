/** @file The Python that finds arrays in a running kernel and brings one here. It leaves no names behind. */

/** Stands before what we read, so that text of the user's own is not taken for it. */
export const MARK = "isoflop:";

/** Arrays above this come as their leading part. */
export const MAX_BYTES = 64e6;

/** Prints a JSON list of [name, shape, dtype]. */
export const LIST_ARRAYS = `def __isoflop():
    import json
    found = []
    for name, value in list(globals().items()):
        shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
        if name.startswith("_") or shape is None or dtype is None or isinstance(value, type):
            continue
        try:
            found.append([name, [int(size) for size in tuple(shape)], str(dtype)])
        except Exception:
            pass
    print("${MARK}" + json.dumps(found))
try:
    __isoflop()
finally:
    del __isoflop`;

/** Prints the array of this name as base64 of an .npy file, or what is wrong with it. */
export const readArray = (name: string): string => `def __isoflop(value):
    import base64, io, json
    import numpy
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu()
            value = (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
        array = numpy.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError("elements of type " + str(array.dtype) + " cannot be shown")
        if array.dtype.kind == "u" and array.dtype.itemsize > 1 or array.dtype == numpy.int16:
            array = array.astype(numpy.int64)
        whole = list(array.shape)
        if array.nbytes > ${MAX_BYTES} and array.ndim > 0:
            array = array[: max(1, int(array.shape[0] * ${MAX_BYTES} / array.nbytes))]
        buffer = io.BytesIO()
        numpy.save(buffer, numpy.ascontiguousarray(array), allow_pickle=False)
        result = {"npy": base64.b64encode(buffer.getvalue()).decode(), "whole": whole, "kept": list(array.shape)}
    except Exception as error:
        result = {"error": type(error).__name__ + ": " + str(error)}
    print("${MARK}" + json.dumps(result))
try:
    __isoflop(globals()[${JSON.stringify(name)}])
finally:
    del __isoflop`;
