import Crypto
import Foundation
import SwitchboardPush

/// The VAPID key of a standalone node's demo: made once, kept beside its data, readable for its owner only. Browsers bind
/// subscriptions to it, so it must outlive a restart.
enum DemoPushKey {
    /// - Throws: `SettingsError` if the directory can't be written.
    static func readOrMake(beside store: String) throws(SettingsError) -> WebPushProvider.Configuration {
        let file = URL(fileURLWithPath: store).deletingLastPathComponent().appendingPathComponent("demo.vapid.pem")
        let key: SigningKey
        if let data = try? Data(contentsOf: file),
            let known = try? SigningKey(pem: String(decoding: data, as: UTF8.self))
        {
            key = known
        } else {
            key = SigningKey(P256.Signing.PrivateKey())
            try PrivateFile.write(key.pem, to: file.path)
        }
        return WebPushProvider.Configuration(key: key, subject: "mailto:demo@localhost.invalid")
    }
}
