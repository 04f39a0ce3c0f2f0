import { Link, useNavigate, useRouter, useSearch } from '@tanstack/react-router';
import { queryClient } from '../api/query-client';
import { LoginForm } from './LoginForm';
import { OutsidePage } from './OutsidePage';

export function LoginPage() {
  const { redirect } = useSearch({ from: '/login' });
  const navigate = useNavigate();
  const router = useRouter();
  return (
    <OutsidePage title="Log in to Flagkeeper">
      <LoginForm
        target={redirect}
        onDone={() => {
          queryClient.clear();
          // A path of our own, never another host.
          if (redirect?.startsWith('/') && !redirect.startsWith('//')) router.history.push(redirect);
          else navigate({ to: '/history' });
        }}
      />
      <p>
        <Link to="/forgotten-password">Choose a new password</Link>
      </p>
      <p className="hint">The first start of the server printed a password for admin, once.</p>
    </OutsidePage>
  );
}
