import { Button, type ButtonProps } from '@mantine/core';
import { Link } from '@tanstack/react-router';

/** A link that looks like a button; where it is disabled (`Can`), it leads nowhere. */
export function LinkButton({ to, disabled, ...rest }: ButtonProps & { to: string; disabled?: boolean }) {
  return disabled ? <Button disabled {...rest} /> : <Button component={Link} to={to} {...rest} />;
}
