import CCurl
import Reactor

/// What libcurl calls, always from within a call of ours on the loop's thread. libcurl must not be called from here.
enum UpstreamCallbacks {
    static let socket: curl_socket_callback = { _, socket, what, context, _ in
        nonisolated(unsafe) let context = context!
        Loop.enter { Unmanaged<UpstreamClient>.fromOpaque(context).takeUnretainedValue().watch(socket, what) }
        return 0
    }

    static let timer: curl_multi_timer_callback = { _, milliseconds, context in
        nonisolated(unsafe) let context = context!
        Loop.enter { Unmanaged<UpstreamClient>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds) }
        return 0
    }

    static let connected: curl_prereq_callback = { context, _, _, _, _ in
        nonisolated(unsafe) let context = context!
        Loop.enter { Unmanaged<UpstreamCall>.fromOpaque(context).takeUnretainedValue().connected() }
        return CURL_PREREQFUNC_OK
    }

    static let header: drover_easy_receiver = { bytes, size, count, context in
        nonisolated(unsafe) let context = context!
        nonisolated(unsafe) let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
        var isTaken = true
        Loop.enter { isTaken = Unmanaged<UpstreamCall>.fromOpaque(context).takeUnretainedValue().takeHeader(line) }
        return isTaken ? size * count : 0
    }

    static let body: drover_easy_receiver = { bytes, size, count, context in
        nonisolated(unsafe) let context = context!
        nonisolated(unsafe) let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
        Loop.enter { Unmanaged<UpstreamCall>.fromOpaque(context).takeUnretainedValue().takeBody(bytes) }
        return size * count
    }
}
