import { useNavigate, useRouter, useSearch } from '@tanstack/react-router';
import { queryClient } from '../api/query-client';
import { Logo } from '../app/Logo';
import { useTitle } from '../shared/Page';
import { LoginForm } from './LoginForm';
import styles from './LoginPage.module.css';

export function LoginPage() {
  useTitle('Log in');
  const { redirect } = useSearch({ from: '/login' });
  const navigate = useNavigate();
  const router = useRouter();
  return (
    <main className={styles.page}>
      <div className={styles.box}>
        <Logo />
        <h1 className={styles.title}>Log in to Flagkeeper</h1>
        <LoginForm
          target={redirect}
          onDone={() => {
            queryClient.clear();
            // A path of our own, never another host.
            if (redirect?.startsWith('/') && !redirect.startsWith('//')) router.history.push(redirect);
            else navigate({ to: '/history' });
          }}
        />
        <p className="hint">The first start of the server printed a password for admin, once.</p>
      </div>
    </main>
  );
}
