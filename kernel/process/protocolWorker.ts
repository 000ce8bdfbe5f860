/** @file The thread of the protocol: answers while the main thread computes. */
import { workerData } from "node:worker_threads";
import type { ProtocolData } from "./channel";
import { ProtocolThread } from "./protocolThread";

// SAFETY: kernelProcess.ts starts this thread with ProtocolData.
await new ProtocolThread(workerData as ProtocolData).start();
