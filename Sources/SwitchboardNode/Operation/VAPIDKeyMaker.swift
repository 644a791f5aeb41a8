import Crypto
import Foundation
import SwitchboardPush

/// `switchboard push vapid-keys`.
public enum VAPIDKeyMaker {
    /// Makes a key and writes it into a file, readable for its owner only.
    ///
    /// - Returns: the public key, base64url.
    /// - Throws: `SettingsError` if the file is there already or can't be written.
    public static func make(file: String) throws -> String {
        guard !FileManager.default.fileExists(atPath: file) else {
            throw SettingsError([
                "\(file) exists already; browsers' subscriptions are bound to a key, so it is not replaced"
            ])
        }
        let key = SigningKey(P256.Signing.PrivateKey())
        try PrivateFile.write(key.pem, to: file)
        return key.publicKey
    }
}
