// Starts and stops the node that the tests talk to.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 20_000;

function binary() {
	const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
	const target = process.env.CARGO_TARGET_DIR || join(cache, 'openledger', 'target');
	const path = process.env.OPENLEDGER_NODE || join(target, 'debug', 'openledger-node');
	if (!existsSync(path)) {
		throw new Error(`${path} is missing: run scripts/test, or name the binary in OPENLEDGER_NODE`);
	}
	return path;
}

async function freePort() {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	await once(server, 'close');
	return port;
}

async function answers(port) {
	try {
		const response = await fetch(`http://127.0.0.1:${port}`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'system_health', params: [] }),
		});
		return response.ok;
	} catch {
		return false;
	}
}

/** Starts a development node on free ports; resolves once its RPC answers. */
export async function startNode() {
	const [rpc, p2p] = await Promise.all([freePort(), freePort()]);
	const child = spawn(
		binary(),
		['--dev', '--tmp', '--rpc-port', `${rpc}`, '--port', `${p2p}`, '--no-prometheus', '--no-telemetry'],
		{ stdio: ['ignore', 'ignore', 'pipe'] },
	);
	let log = '';
	child.stderr.setEncoding('utf8').on('data', (text) => {
		log = (log + text).slice(-4000);
	});
	const ended = () => child.exitCode !== null || child.signalCode !== null;

	async function stop() {
		if (ended()) return;
		const exit = once(child, 'exit');
		child.kill('SIGTERM');
		const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
		await exit;
		clearTimeout(timer);
	}

	const deadline = Date.now() + START_LIMIT_MS;
	while (!(await answers(rpc))) {
		if (ended() || Date.now() > deadline) {
			await stop();
			throw new Error(`the node did not start; the end of its log:\n${log}`);
		}
		await new Promise((resolve) => setTimeout(resolve, 200));
	}
	return { url: `ws://127.0.0.1:${rpc}`, stop };
}
