/** @file What onnxruntime says, as an error that says what to do. */
import { DeviceError } from "../errors";

/** onnxruntime's message in our form: its node name carries the layer path. */
export function ortError(message: string, cause?: unknown): DeviceError {
  const at = /Name:'([^']*)'/.exec(message)?.[1];
  const memory = /[Ff]ailed to allocate|bad allocation|out of memory/i.test(message);
  const stopped = /terminate flag/i.test(message);
  return new DeviceError(stopped ? "the run was interrupted" : `onnxruntime: ${message.split("\n")[0]}`, {
    where: at,
    help: stopped
      ? "the state is as it was before this step; run the cell again to go on"
      : memory
        ? "the step needs more memory than is free: use a smaller batch or checkpoint(); compile(…).cost(…) shows the peak"
        : "the state is as it was before this step; check the inputs, and report the message if it names an internal fault",
    cause,
  });
}
