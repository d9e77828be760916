// Starts and stops the nodes that the tests talk to.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

const WAIT_LIMIT_MS = 300_000;
const STOP_LIMIT_MS = 20_000;
const REPLY_LIMIT_MS = 60_000;
const LOG_CHARACTERS = 4000;

/** What scripts/setup and the build keep between runs. */
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'openledger');

const children = new Set();

// A test file that is interrupted runs no hooks.
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/** Has a process killed with this one, however this one ends. */
export function track(child) {
	children.add(child);
	child.once('close', () => children.delete(child));
	return child;
}

/** The path of a binary of the workspace. */
export function binary(name, variable) {
	const target = process.env.CARGO_TARGET_DIR || join(cache, 'target');
	const path = process.env[variable] || join(target, 'debug', name);
	if (!existsSync(path)) {
		throw new Error(`${path} is missing: run scripts/test, or name the binary in ${variable}`);
	}
	return path;
}

async function freePorts(count) {
	const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
	// All of them at once, or the same port could be given twice.
	await Promise.all(servers.map((server) => once(server, 'listening')));
	const ports = servers.map((server) => server.address().port);
	await Promise.all(
		servers.map((server) => {
			server.close();
			return once(server, 'close');
		}),
	);
	return ports;
}

async function call(port, method, params) {
	const response = await fetch(`http://127.0.0.1:${port}`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
		signal: AbortSignal.timeout(REPLY_LIMIT_MS),
	});
	if (!response.ok) throw new Error(`${method}: HTTP ${response.status}`);
	const { result, error } = await response.json();
	if (error) throw Object.assign(new Error(`${method}: ${error.message}`), { code: error.code });
	return result;
}

/** Waits until `check` gives something truthy, and returns it; fails as soon as `node` ends. */
export async function until(what, node, check, limit = WAIT_LIMIT_MS) {
	const deadline = Date.now() + limit;
	for (;;) {
		const tell = (why) => new Error(`${why}; the end of its log:\n${node.log()}`);
		if (node.ended()) throw tell(`waiting until ${what}: the node ended`);
		const found = await check();
		if (found) return found;
		if (Date.now() > deadline) {
			throw tell(`${what}: not so at the node within ${limit / 1000} s`);
		}
		await new Promise((resolve) => setTimeout(resolve, 200));
	}
}

/**
 * Starts a node on free ports of this machine alone, or on those of an earlier one; resolves once its RPC
 * answers.
 */
export async function startNode(args = ['--dev', '--tmp'], earlier = null) {
	const chosen = earlier?.chosen ?? (await freePorts(4));
	const [rpc, p2p, metrics, worker] = chosen;
	const address = `/ip4/127.0.0.1/tcp/${p2p}`;
	const ports = ['--rpc-port', `${rpc}`, '--listen-addr', address, '--prometheus-port', `${metrics}`];
	if (args.includes('--operator')) ports.push('--operator-listen', `127.0.0.1:${worker}`);
	const child = track(
		spawn(binary('openledger-node', 'OPENLEDGER_NODE'), [...args, ...ports, '--no-telemetry'], {
			stdio: ['ignore', 'ignore', 'pipe'],
		}),
	);
	let log = '';
	child.stderr.setEncoding('utf8').on('data', (text) => {
		log = (log + text).slice(-LOG_CHARACTERS);
	});
	const ended = () => child.exitCode !== null || child.signalCode !== null;

	async function end(signal) {
		if (ended()) return;
		const exit = once(child, 'exit');
		child.kill(signal);
		const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
		await exit;
		clearTimeout(timer);
	}

	const node = {
		chosen,
		pid: child.pid,
		url: `ws://127.0.0.1:${rpc}`,
		worker: `http://127.0.0.1:${worker}`,
		metrics: `http://127.0.0.1:${metrics}/metrics`,
		rpc: (method, ...params) => call(rpc, method, params),
		/** Where another node finds this one. */
		address: async () => `${address}/p2p/${await call(rpc, 'system_localPeerId', [])}`,
		best: async () => Number((await call(rpc, 'chain_getHeader', [])).number),
		log: () => log,
		ended,
		stop: () => end('SIGTERM'),
		kill: () => end('SIGKILL'),
	};
	const answers = () => call(rpc, 'system_health', []).then(() => true, () => false);
	try {
		await until('the node answers', node, answers);
	} catch (error) {
		await node.kill();
		throw error;
	}
	return node;
}
