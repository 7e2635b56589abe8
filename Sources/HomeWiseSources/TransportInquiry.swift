// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

extension Transport {
    /// What a failed attempt to connect means, with the reason why a certificate was not believed looked up.
    func explained(_ error: any Error, _ address: WebAddress, proxy: ProxyAddress?, pin: TransportShelf.Pin?) async -> any Error {
        if let proxy, let failure = Self.proxyFailure(error, proxy) { return failure }
        if let pin, Self.isAboutConnecting(error) { await names.forget(pin) }
        guard let fault = Self.fault(of: error) else { return failure(error, host: address.host.bare) }
        guard case .unknownIssuer = fault else { return Failure.untrusted(host: address.host.bare, fault) }
        // Behind a proxy nobody can be asked again without it.
        let chain = proxy == nil ? await shownChain(of: address, pin: pin) : []
        let unexplained = CertificateFault.other("its certificate cannot be verified (expired, or from an unknown authority)")
        return Failure.untrusted(host: address.host.bare, chain.isEmpty ? unexplained : CertificateFault(of: chain, at: Date()))
    }

    private func shownChain(of address: WebAddress, pin: TransportShelf.Pin?) async -> [CertificateFault.Shown] {
        var target = pin?.address
        if case .address(let literal) = address.host { target = literal }
        guard let target else { return [] }
        return await CertificateInquiry(address: target, port: address.port, host: address.host).chain()
    }

    private static func isAboutConnecting(_ error: any Error) -> Bool {
        error is NIOConnectionError || error is ChannelError || error is IOError || error as? HTTPClientError == .connectTimeout
    }

    private static func proxyFailure(_ error: any Error, _ proxy: ProxyAddress) -> Failure? {
        let name = "\(proxy.host):\(proxy.port)"
        switch error {
        case let error as HTTPClientError where error == .proxyAuthenticationRequired:
            return .proxyRefused(
                proxy: name, "wants a name and a password (407)",
                remedy: "Put them into HTTPS_PROXY as http://name:password@\(name); they are sent to the proxy alone.")
        case let error as HTTPClientError where error == .invalidProxyResponse:
            return .proxyRefused(proxy: name, "will not connect there", remedy: "Ask its operator, or name the host in NO_PROXY.")
        case let error as HTTPClientError where [.httpProxyHandshakeTimeout, .socksHandshakeTimeout].contains(error):
            return .noRoute(host: "the proxy \(name)", reason: "it does not answer")
        case let error as NIOConnectionError: return .noRoute(host: "the proxy \(name)", reason: reason(of: error))
        // The types of the library's SOCKS are not handed on to those who use it.
        case _ where String(reflecting: type(of: error)).hasPrefix("NIOSOCKS."):
            return .proxyRefused(proxy: name, "will not connect there", remedy: "Ask its operator, or name the host in NO_PROXY.")
        default: return nil
        }
    }

    /// The library tells its own errors apart only by their text.
    private static func fault(of error: any Error) -> CertificateFault? {
        if let error = error as? NIOSSLExtraError {
            return error == .failedToValidateHostname || error == .serverHostnameImpossibleToMatch ? .wrongHost : .other("\(error)")
        }
        if case .unableToValidateCertificate? = error as? NIOSSLError { return .wrongHost }
        guard case .handshakeFailed(let cause)? = error as? NIOSSLError else { return nil }
        let text = "\(cause)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return .unknownIssuer }
        if text.contains("PROTOCOL_VERSION") || text.contains("UNSUPPORTED_PROTOCOL") { return .outdatedProtocol }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") { return .other("it does not speak TLS there") }
        if text.contains("EOF during handshake") { return nil }
        return .other("no encrypted line could be set up with it")
    }
}

/// Asks a server that was refused to show its certificates once more, so that a person can be told what is wrong with them. The
/// handshake is broken off as soon as they are here: nothing is ever sent on such a connection.
struct CertificateInquiry {
    let address: HostAddress
    let port: Int
    let host: WebAddress.Host

    private static let patience = TimeAmount.seconds(3)

    /// - Returns: empty where it does not show any in time.
    func chain() async -> [CertificateFault.Shown] {
        let box = Box()
        do {
            let context = try NIOSSLContext(configuration: .makeClientConfiguration())
            let name: String? = if case .name(let name) = host { name } else { nil }
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(Self.patience)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = try NIOSSLClientHandler(
                            context: context, serverHostname: name,
                            customVerificationCallback: { certificates, verdict in
                                box.value.withLock { $0 = certificates }
                                verdict.succeed(.failed)
                            })
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                }
                .connect(to: SocketAddress(ipAddress: "\(address)", port: port)).get()
            let alarm = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
            try await channel.closeFuture.get()
            alarm.cancel()
        } catch {
            // The refusal itself has been reported; without certificates it is told in general words.
            return []
        }
        return box.value.withLock { $0.map(Self.shown) }
    }

    private final class Box: Sendable {
        let value = Mutex<[NIOSSLCertificate]>([])
    }

    private static func shown(_ certificate: NIOSSLCertificate) -> CertificateFault.Shown {
        CertificateFault.Shown(
            notBefore: Date(timeIntervalSince1970: TimeInterval(certificate.notValidBefore)),
            notAfter: Date(timeIntervalSince1970: TimeInterval(certificate.notValidAfter)),
            isSelfIssued: (try? certificate.toDERBytes()).map { CertificateFault.isSelfIssued(der: $0) } ?? false)
    }
}
