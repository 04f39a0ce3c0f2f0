/** Before anything else: markup can never be set as text, whoever tries. */

interface TrustedTypes {
  createPolicy(name: string, rules: Record<string, (text: string) => string>): unknown;
}

const trusted = (window as { trustedTypes?: TrustedTypes }).trustedTypes;
trusted?.createPolicy('default', {
  createHTML(text) {
    if (text.includes('<')) throw new TypeError('Markup is never set as text here.');
    return text;
  },
});

export {};
