/** @file "Install Jupyter Kernelspec": lets Jupyter's own programs start the kernel. */
import type * as vscode from "vscode";
import type { Services } from "../services";
import { register } from "./register";
import type { CliTexts } from "./cliTexts";

export const installKernelspec = (services: Services, texts: CliTexts): vscode.Disposable =>
  register(services, "installKernelspec", () => texts.show({ title: "IsoFLOP installs its Jupyter kernelspec", args: ["install-kernelspec"] }));
