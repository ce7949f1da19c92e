"""Keys, certificates and stamps of the lawful document.

	keys         secp256k1 keys and the Signer protocol        certificate  what a CSID says
	csr          the request for a CSID                        canonical    the invoice hash
	facts        what the QR repeats from the document         xades        the signature block, as the SDK lays it out
	stamp        unsigned bytes -> stamped bytes               layout       the shape a stamp must have
	verify       everything a stamp says, recomputed           verdict      its checks and their sentences, EN and AR

Takes and gives bytes and frozen values. Never stores a key, never talks to the network.
Source: ZATCA Security Features Implementation Standard.
"""
