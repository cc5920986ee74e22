import CSystem
import CUV
import Glibc

/// Accepts TCP or Unix connections.
@Loop
public final class Listener {
    private let handle: UnsafeMutableRawPointer
    private let isTCP: Bool
    private var accept: (@Loop (ByteStream) -> Void)?
    /// The port in use, when the address is a TCP one.
    public private(set) var port: UInt16 = 0

    private init(handle: UnsafeMutableRawPointer, isTCP: Bool, accept: @escaping @Loop (ByteStream) -> Void) {
        self.handle = handle
        self.isTCP = isTCP
        self.accept = accept
    }

    /// Listens on a numeric IPv4 or IPv6 address. Port 0 asks for any free one.
    public static func tcp(
        host: String, port: UInt16, backlog: Int32 = 1024, accept: @escaping @Loop (ByteStream) -> Void
    ) throws(ReactorError) -> Listener {
        var address = sockaddr_storage()
        let isIPv6 = host.utf8.contains(UInt8(ascii: ":"))
        let parsed = withUnsafeMutablePointer(to: &address) { address in
            let raw = UnsafeMutableRawPointer(address)
            return isIPv6
                ? uv_ip6_addr(host, Int32(port), raw.assumingMemoryBound(to: sockaddr_in6.self))
                : uv_ip4_addr(host, Int32(port), raw.assumingMemoryBound(to: sockaddr_in.self))
        }
        try check(parsed, "\(host) is not an address")
        let tcp = UnsafeMutablePointer<uv_tcp_t>.allocate(capacity: 1)
        uv_tcp_init(Loop.executor.uv, tcp)
        let listener = Listener(handle: UnsafeMutableRawPointer(tcp), isTCP: true, accept: accept)
        let bound = withUnsafePointer(to: &address) { address in
            uv_tcp_bind(tcp, UnsafeRawPointer(address).assumingMemoryBound(to: sockaddr.self), 0)
        }
        do throws(ReactorError) {
            try check(bound, "cannot bind \(host):\(port)")
            try listener.listen(backlog, "cannot listen on \(host):\(port)")
        } catch {
            listener.close()
            throw error
        }
        var length = Int32(MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutablePointer(to: &address) { address in
            let raw = UnsafeMutableRawPointer(address)
            uv_tcp_getsockname(tcp, raw.assumingMemoryBound(to: sockaddr.self), &length)
            // The port stands at the same place for both families.
            listener.port = UInt16(bigEndian: raw.load(fromByteOffset: 2, as: UInt16.self))
        }
        return listener
    }

    /// Listens on a Unix socket, which is made with mode 0600. A stale file at the path must be gone before.
    public static func unix(path: String, backlog: Int32 = 1024, accept: @escaping @Loop (ByteStream) -> Void)
        throws(ReactorError) -> Listener
    {
        let pipe = UnsafeMutablePointer<uv_pipe_t>.allocate(capacity: 1)
        uv_pipe_init(Loop.executor.uv, pipe, 0)
        let listener = Listener(handle: UnsafeMutableRawPointer(pipe), isTCP: false, accept: accept)
        let before = umask(0o177)
        let bound = uv_pipe_bind(pipe, path)
        umask(before)
        do throws(ReactorError) {
            try check(bound, "cannot bind \(path)")
            try listener.listen(backlog, "cannot listen on \(path)")
        } catch {
            listener.close()
            throw error
        }
        return listener
    }

    private func listen(_ backlog: Int32, _ operation: String) throws(ReactorError) {
        let stream = handle.assumingMemoryBound(to: uv_stream_t.self)
        stream.pointee.data = Unmanaged.passRetained(self).toOpaque()
        let result = uv_listen(stream, backlog) { stream, status in
            nonisolated(unsafe) let stream = stream!
            Loop.assumeIsolated {
                guard status == 0 else { return }
                Unmanaged<Listener>.fromOpaque(stream.pointee.data).takeUnretainedValue().acceptOne()
            }
        }
        try check(result, operation)
    }

    private func acceptOne() {
        let client: UnsafeMutableRawPointer
        if isTCP {
            let tcp = UnsafeMutablePointer<uv_tcp_t>.allocate(capacity: 1)
            uv_tcp_init(Loop.executor.uv, tcp)
            client = UnsafeMutableRawPointer(tcp)
        } else {
            let pipe = UnsafeMutablePointer<uv_pipe_t>.allocate(capacity: 1)
            uv_pipe_init(Loop.executor.uv, pipe, 0)
            client = UnsafeMutableRawPointer(pipe)
        }
        let stream = ByteStream(adopting: client)
        let result = uv_accept(
            handle.assumingMemoryBound(to: uv_stream_t.self), client.assumingMemoryBound(to: uv_stream_t.self))
        guard result == 0, let accept else {
            stream.close()
            return
        }
        // Answers are small and whole; waiting to fill a segment would only delay them.
        if isTCP { uv_tcp_nodelay(client.assumingMemoryBound(to: uv_tcp_t.self), 1) }
        accept(stream)
    }

    /// Stops accepting. Connections that were accepted live on.
    public func close() {
        guard accept != nil else { return }
        accept = nil
        let handle = handle.assumingMemoryBound(to: uv_handle_t.self)
        if handle.pointee.data == nil { handle.pointee.data = Unmanaged.passRetained(self).toOpaque() }
        uv_close(handle) { handle in
            nonisolated(unsafe) let handle = handle!
            Loop.assumeIsolated {
                Unmanaged<Listener>.fromOpaque(handle.pointee.data).release()
                UnsafeMutableRawPointer(handle).deallocate()
            }
        }
    }
}

extension ByteStream {
    /// The numeric address of a TCP peer, empty for a Unix socket.
    public var remoteAddress: String {
        guard isOpen else { return "" }
        var descriptor: uv_os_fd_t = -1
        guard uv_fileno(handlePointer, &descriptor) == 0 else { return "" }
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { address in
            let raw = UnsafeMutableRawPointer(address)
            guard getpeername(descriptor, raw.assumingMemoryBound(to: sockaddr.self), &length) == 0 else { return "" }
            var name = [CChar](repeating: 0, count: 64)
            switch Int32(raw.assumingMemoryBound(to: sockaddr.self).pointee.sa_family) {
            case AF_INET: uv_ip4_name(raw.assumingMemoryBound(to: sockaddr_in.self), &name, name.count)
            case AF_INET6: uv_ip6_name(raw.assumingMemoryBound(to: sockaddr_in6.self), &name, name.count)
            default: return ""
            }
            return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
