/** Counts beside the page that started it. */
const channel = new BroadcastChannel('counts')
let worker = 0
setInterval(() => channel.postMessage({ worker: ++worker }), 10)
