import CCurl
import Glibc
import Models
import Reactor

/// Sends requests to other servers and tells what they answer as it comes: libcurl on the loop (chat-runtime §5.3).
///
/// Certificates are verified; `CURL_CA_BUNDLE` or `SSL_CERT_FILE` names others than the system's, and proxies come from
/// `http_proxy` and its like, as with curl itself. Connections are kept and used again, over HTTP/2 by several calls at
/// once. Names are resolved on threads of libcurl's own, so nothing here stops the loop. There are no retries.
@Loop
public final class UpstreamClient {
    /// Calls that may be under way at once; one more fails at once.
    public static let callLimit = 256

    /// `nil` where libcurl is not installed.
    private let multi: UnsafeMutableRawPointer?
    private var calls: [UnsafeMutableRawPointer: UpstreamCall] = [:]
    private var watchers: [Int32: SocketWatcher] = [:]
    private var timer: LoopTimer?
    private let certificates: String?
    private var isClosed = false

    /// Loads libcurl, the first time.
    public init() {
        multi = drover_curl_load() != 0 ? drover_multi_init() : nil
        let files = (["CURL_CA_BUNDLE", "SSL_CERT_FILE"] as [String]).map { name in
            getenv(name).map { String(cString: $0) } ?? ""
        }
        certificates = files.first { !$0.isEmpty }
        guard let multi else { return }
        drover_multi_set_callbacks(
            multi, UpstreamCallbacks.socket, UpstreamCallbacks.timer, Unmanaged.passUnretained(self).toOpaque())
        // Connections that wait for the next request.
        drover_multi_set_number(multi, CURLMOPT_MAXCONNECTS, 16)
    }

    /// Sends a request. The call goes on however soon its handle is let go of; only `cancel` ends it early.
    ///
    /// What is wrong with the request itself, too, is told to the receiver, as ``UpstreamFailure/unreachable(reason:)``.
    @discardableResult
    public func send(
        _ request: UpstreamRequest, timeouts: UpstreamTimeouts = .standard, receiver: any UpstreamReceiver
    ) -> UpstreamCall {
        // Without libcurl it only stands for the call.
        guard let handle = multi == nil ? .allocate(byteCount: 1, alignment: 1) : drover_easy_init() else {
            preconditionFailure("libcurl could not make a handle")
        }
        let call = UpstreamCall(
            handle: handle, host: UpstreamHost.name(of: request.url), timeouts: timeouts, receiver: receiver,
            client: self)
        let refusal = refuse(request, host: call.host)
        calls[handle] = call
        if let refusal {
            // Not from within this call: the caller has no handle yet.
            _ = LoopTimer(after: 0) { self.end(call, .failure(.unreachable(reason: refusal))) }
            return call
        }
        prepare(call, request, timeouts)
        let result = drover_multi_add_handle(multi, handle)
        precondition(
            result == CURLM_OK, "libcurl did not take a request: \(String(cString: drover_multi_strerror(result)))")
        return call
    }

    /// Cancels all calls and closes all connections. Nothing can be sent afterwards.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        for call in calls.values { remove(call) }
        timer?.cancel()
        timer = nil
        if let multi { drover_multi_cleanup(multi) }
        for watcher in watchers.values { watcher.close() }
        watchers = [:]
    }

    isolated deinit { close() }

    // MARK: - For calls

    /// Ends a call without a word to its receiver.
    func remove(_ call: UpstreamCall) {
        guard calls.removeValue(forKey: call.handle) != nil else { return }
        _ = call.end()
        if let multi {
            drover_multi_remove_handle(multi, call.handle)
            drover_easy_cleanup(call.handle)
            drover_slist_free_all(call.headers)
        } else {
            call.handle.deallocate()
        }
        call.message.deallocate()
    }

    /// Ends a call and tells its receiver.
    func end(_ call: UpstreamCall, _ result: Result<Void, UpstreamFailure>) {
        let receiver = call.receiver
        remove(call)
        receiver?.ended(result)
    }
}

// MARK: - Preparing

extension UpstreamClient {
    private func refuse(_ request: UpstreamRequest, host: String) -> String? {
        if isClosed { return "no more requests are sent: the program is ending" }
        if multi == nil { return "\(host) was not asked: libcurl is not installed; its package is libcurl4 or curl" }
        if calls.count >= Self.callLimit { return "\(host) was not asked: \(calls.count) calls are under way already" }
        // A line end would begin a header of its own.
        let texts = request.headers.flatMap { [$0.name, $0.value] } + [request.url, request.method]
        guard texts.allSatisfy({ text in text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }) else {
            return "\(host) was not asked: the address or a header, such as that with the key, has a control character"
        }
        return nil
    }

    private func prepare(_ call: UpstreamCall, _ request: UpstreamRequest, _ timeouts: UpstreamTimeouts) {
        let handle = call.handle
        func set(_ option: CURLoption, _ value: Int) { _ = drover_easy_set_number(handle, option, value) }
        func set(_ option: CURLoption, _ value: String) { _ = drover_easy_set_text(handle, option, value) }

        set(CURLOPT_URL, request.url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_NOSIGNAL, 1)
        // A call that ends while its name is still being resolved must not wait for the resolver's thread.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, timeouts.connect)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_NOPROGRESS, 1)
        set(CURLOPT_USERAGENT, "drover")
        if let certificates { set(CURLOPT_CAINFO, certificates) }

        if request.method == "GET", request.body.isEmpty {
            set(CURLOPT_HTTPGET, 1)
        } else {
            _ = drover_easy_set_body(handle, request.body, request.body.count)
            if request.method != "POST" { set(CURLOPT_CUSTOMREQUEST, request.method) }
        }
        for header in request.headers {
            // A header without a value is written with a semicolon for libcurl.
            let line = header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
            call.headers = drover_slist_append(call.headers, line)
        }
        // libcurl would ask whether it may send a large body, and wait a second for servers that do not know the question.
        call.headers = drover_slist_append(call.headers, "Expect:")
        _ = drover_easy_set_list(handle, CURLOPT_HTTPHEADER, call.headers)

        let context = Unmanaged.passUnretained(call).toOpaque()
        _ = drover_easy_set_pointer(handle, CURLOPT_ERRORBUFFER, call.message)
        _ = drover_easy_set_prerequest(handle, UpstreamCallbacks.connected, context)
        _ = drover_easy_set_receiver(handle, CURLOPT_HEADERFUNCTION, UpstreamCallbacks.header)
        _ = drover_easy_set_pointer(handle, CURLOPT_HEADERDATA, context)
        _ = drover_easy_set_receiver(handle, CURLOPT_WRITEFUNCTION, UpstreamCallbacks.body)
        _ = drover_easy_set_pointer(handle, CURLOPT_WRITEDATA, context)
    }
}

// MARK: - Sockets and time

extension UpstreamClient {
    /// libcurl waits for a socket, or does not any more.
    func watch(_ socket: Int32, _ what: Int32) {
        if what == CURL_POLL_REMOVE {
            watchers.removeValue(forKey: socket)?.close()
            return
        }
        if watchers[socket] == nil {
            // A socket that cannot be watched leads to a time-out, which is how the call ends then.
            watchers[socket] = try? SocketWatcher(socket) { [weak self] events in self?.act(socket, events) }
        }
        switch what {
        case CURL_POLL_IN: watchers[socket]?.watch(.readable)
        case CURL_POLL_OUT: watchers[socket]?.watch(.writable)
        case CURL_POLL_INOUT: watchers[socket]?.watch([.readable, .writable])
        default: watchers[socket]?.watch([])
        }
    }

    /// libcurl wants to be called after so many milliseconds; never, where they are negative.
    func setTimer(_ milliseconds: Int) {
        timer?.cancel()
        timer = milliseconds < 0 ? nil : LoopTimer(after: Int64(milliseconds)) { [weak self] in self?.act() }
    }

    private func act(_ socket: Int32, _ events: SocketWatcher.Events) {
        var mask: Int32 = 0
        if events.contains(.readable) { mask |= CURL_CSELECT_IN }
        if events.contains(.writable) { mask |= CURL_CSELECT_OUT }
        if events.contains(.failed) { mask |= CURL_CSELECT_ERR }
        act(socket: socket, mask: mask)
    }

    private func act(socket: Int32 = CURL_SOCKET_TIMEOUT, mask: Int32 = 0) {
        var running: Int32 = 0
        drover_multi_socket_action(multi, socket, mask, &running)
        deliver()
    }

    /// Tells receivers what libcurl has given, now that it may be called again.
    private func deliver() {
        for call in calls.values { call.deliver() }
        var left: Int32 = 0
        while !isClosed, let message = drover_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
                let call = calls[handle]
            else { continue }
            end(call, result(of: call, drover_message_result(message)))
        }
    }
}
