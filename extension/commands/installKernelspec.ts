/** @file "Install Jupyter Kernelspec": lets Jupyter's own programs start the kernel. */
import type * as vscode from "vscode";
import { type Services } from "../services";
import { register } from "./register";
import { showCliText } from "./showCliText";

export const installKernelspec = (services: Services): vscode.Disposable =>
  register(services, "installKernelspec", () => showCliText(services, { title: "IsoFLOP installs its Jupyter kernelspec", args: ["install-kernelspec"] }));
