/** @file Run in a process of its own: one fused program on the simulated device. Says its numbers, or why there are none. */
import { compile, tanh, type Tensor, tensor } from "../../../kernel/index";
import { deviceExecutor } from "../../../kernel/runtime/native/device/deviceExecutor";
import { setExecutor } from "../../../kernel/runtime/session";

setExecutor(deviceExecutor("simulated"));
const program = compile((x: Tensor) => tanh(x).mul(3));
await program(tensor([0, 20])).then((result) => result.numbers()).then(
  (numbers) => process.stdout.write([...numbers].join()),
  (error: unknown) => process.stdout.write(String(error)),
);
