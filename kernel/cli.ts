#!/usr/bin/env node
/** @file The `isoflop` command. */
import { main } from "./commands/main";

// Timers and handles that a notebook leaves open must not keep the process.
process.exit(await main(process.argv.slice(2)));
