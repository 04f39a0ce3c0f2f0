/** The sign of the product. */
export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="var(--accent)"
      strokeWidth="2.2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M12 2.800 20 5.500v6.200c0 4.600-3.200 8-8 9.600-4.800-1.600-8-5-8-9.600V5.500z" />
      <path d="m8.600 12 2.400 2.400 4.600-4.800" />
    </svg>
  );
}
