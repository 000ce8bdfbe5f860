/** @file "Doctor": checks this machine as kernels see it. */
import type * as vscode from "vscode";
import type { Services } from "../services";
import { register } from "./register";
import type { CliTexts } from "./cliTexts";

export const doctor = (services: Services, texts: CliTexts): vscode.Disposable =>
  register(services, "doctor", () => texts.show({ title: "IsoFLOP looks at this machine", args: ["doctor"] }));
