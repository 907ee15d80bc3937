/** The app's first statements, before any other module runs: no further script, no WebRTC. Imported first by `main.ts`; imports nothing. */

/** T12: without this, preloads of scripts listed by hash could carry data out of the frame (measured in three engines). */
const policy = document.createElement('meta')
policy.httpEquiv = 'Content-Security-Policy'
policy.content = "script-src 'none'"
document.head.append(policy)

/** A speed bump, not a wall: no policy in force today stops WebRTC. */
for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'RTCDataChannel', 'RTCIceTransport', 'WebTransport']) {
  Reflect.deleteProperty(globalThis, name)
}

export {}
