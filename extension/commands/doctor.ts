/** @file "Doctor": checks this machine as kernels see it. */
import type * as vscode from "vscode";
import { type Services } from "../services";
import { register } from "./register";
import { showCliText } from "./showCliText";

export const doctor = (services: Services): vscode.Disposable => register(services, "doctor", () => showCliText(services, { title: "IsoFLOP looks at this machine", args: ["doctor"] }));
