import CCurl
import Glibc

extension UpstreamClient {
    /// How a transfer ended, in our words: libcurl's own can hold the address of a proxy with its password.
    func result(of call: UpstreamCall, _ code: CURLcode) -> Result<Void, UpstreamFailure> {
        let host = call.host
        if let refusal = call.refusal { return .failure(refusal) }
        if code == CURLE_OK {
            // An end in the middle of the headers is one to libcurl.
            if call.hasToldHead { return .success(()) }
            return .failure(.broken(reason: "\(host) broke off in the middle of its answer"))
        }
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            return .failure(.unreachable(reason: "\(host) cannot be asked: its address is no http or https URL"))
        case CURLE_COULDNT_RESOLVE_HOST:
            return .failure(.unreachable(reason: "the name of \(host) cannot be resolved"))
        case CURLE_COULDNT_RESOLVE_PROXY:
            return .failure(.unreachable(reason: "the name of the proxy on the way to \(host) cannot be resolved"))
        case CURLE_COULDNT_CONNECT:
            let error = Int32(drover_easy_number(call.handle, CURLINFO_OS_ERRNO))
            let why = error == 0 ? "" : ": \(String(cString: strerror(error)))"
            return .failure(.unreachable(reason: "cannot connect to \(host)\(why)"))
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_INVALIDCERTSTATUS:
            let message = String(cString: call.message)
            let why = message.isEmpty ? String(cString: drover_easy_strerror(code)) : message
            return .failure(.unreachable(reason: "no secure connection to \(host): \(why)"))
        case CURLE_OPERATION_TIMEDOUT where call.phase == .connecting:
            return .failure(.timedOut(phase: "connecting to \(host)"))
        default: return .failure(interruption(of: call, code))
        }
    }

    private func interruption(of call: UpstreamCall, _ code: CURLcode) -> UpstreamFailure {
        let host = call.host
        let why = String(cString: drover_easy_strerror(code))
        switch call.phase {
        case .connecting:
            let answer = drover_easy_number(call.handle, CURLINFO_HTTP_CONNECTCODE)
            if answer >= 300 { return .unreachable(reason: "the proxy on the way to \(host) answered \(answer)") }
            return .unreachable(reason: "cannot connect to \(host): \(why)")
        case .waiting: return .broken(reason: "\(host) ended the connection without an answer: \(why)")
        case .receiving: return .broken(reason: "\(host) broke off in the middle of its answer: \(why)")
        }
    }
}
