import './trusted-types'; // first
import './first-colours';
import './main';
